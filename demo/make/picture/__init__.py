"""The second demo guard: pictures, their queue rows, and a small Qwen3-VL that answers safe or unsafe."""
