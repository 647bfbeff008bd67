/* A library that exports a name which is not ours. */
__attribute__((visibility("default"))) int loud(void) { return 1; }
