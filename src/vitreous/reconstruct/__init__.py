"""The volume, given everything else."""
