"""Routes: the console's HTTP and WebSocket endpoints, a module a subject. They ask the runtime, and hold no state."""
