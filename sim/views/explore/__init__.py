"""The explorer: a page on which users change levers and see the simulated effects."""
