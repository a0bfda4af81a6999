"""Pictures: figures of arrays with axes and units, and the report made of them."""
