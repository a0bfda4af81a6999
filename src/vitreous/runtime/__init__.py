"""What every layer needs of the machine: progress, files, memory, devices, chance."""
