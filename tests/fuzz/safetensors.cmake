fk_fuzz(safetensors LIBS fk_weights)
