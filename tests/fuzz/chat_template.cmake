fk_fuzz(chat_template LIBS fk_text)
