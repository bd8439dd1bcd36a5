"""Is it authorised? The policy file, rules as data, and `decide()`. Pure and total."""
