"""What management can do: measures, scenarios, and the few levers that need code."""
