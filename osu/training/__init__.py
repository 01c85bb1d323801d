"""What stands around a training loop. The loops and the losses are in train_*.py."""
