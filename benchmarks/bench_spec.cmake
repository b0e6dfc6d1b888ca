set(LIBS fk_spec)
