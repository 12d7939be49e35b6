"""One module per filter plugin; its name is the plugin's, `OPTIONS` its schema, `build` its compiler."""
