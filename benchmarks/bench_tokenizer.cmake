set(LIBS fk_text)
