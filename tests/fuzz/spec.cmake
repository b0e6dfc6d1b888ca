fk_fuzz(spec LIBS fk_spec)
