"""The only seam between the pipeline and the stages: one small file a job."""
