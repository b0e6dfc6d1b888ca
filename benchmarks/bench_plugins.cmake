set(LIBS fk_test_support fk_runtime)
