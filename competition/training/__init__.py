"""Fine-tuning on packed images: training loop, losses, optimizers, schedules, checkpoints."""
