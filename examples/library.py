"""Hide a folder, clean a level, compare: what a notebook would hold. Make the images with: python examples/digits.py digits"""

import hideseek_cli as hs

hidden = hs.hide("digits", levels=[30], epsilon=24, min_ssim=0.85, robust="none")
print(hidden)

cleaner = hs.make_cleaner("masks.safetensors", 30)
cleaned = hs.seek("published", cleaner.path)
print(cleaned)

print(hs.metrics("digits/train", cleaned.path))
print(hs.verify(cleaned.path, test="digits/test"))
