"""What is in the images and what is wrong with them: duplicates, domain shift, summary."""
