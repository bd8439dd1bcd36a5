"""Results as text and as versioned JSON. Pure: values in, text out."""
