"""Calibration with uncertainty: which parameter sets agree with what was observed, as draws that other studies take."""
