"""The microscope and the specimen: electrons, transfer, dose, potential."""
