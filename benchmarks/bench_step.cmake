set(LIBS fk_engine fk_test_support)
