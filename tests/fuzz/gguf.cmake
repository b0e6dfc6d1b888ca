fk_fuzz(gguf LIBS fk_weights)
