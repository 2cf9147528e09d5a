"""What every package uses: files written whole, CSV, seeds, progress."""
