"""Many runs: who does the work, what each run is called, and where it is kept."""
