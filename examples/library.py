"""Hide a folder, clean what was sold, compare. Make the images first: python examples/digits.py digits"""

import hideseek_cli as hs

hidden = hs.hide("digits", levels=[30], epsilon=24, min_ssim=0.85, max_visibility=1, robust="none")
print(hidden)

for level in (sold for sold in hidden.levels if sold.reachable):
    cleaner = hs.make_cleaner("masks.safetensors", level.level)
    cleaned = hs.seek("published", cleaner.path)
    print(cleaned, hs.metrics("digits/train", cleaned.path), sep="\n")
    print(hs.verify(cleaned.path, test="digits/test"))
