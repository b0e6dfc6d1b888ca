fk_fuzz(tokenizer LIBS fk_text)
