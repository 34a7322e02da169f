"""Pages with a server behind them, for one person on one machine; only this and its command need Starlette."""
