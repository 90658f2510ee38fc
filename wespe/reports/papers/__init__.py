"""What the papers print: the values of their tables, and the settings of tables beside them."""
