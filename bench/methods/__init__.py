"""Methods of the papers, beside each other and beside their rivals."""
