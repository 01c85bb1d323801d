"""The networks: layers only, no losses and no optimizers; and how their weights are kept."""
