"""Which assumptions move the results: screening, indices, doses of policies, and pairs of them."""
