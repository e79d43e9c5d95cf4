// Loaded before the C library (LD_PRELOAD), it moves a process's wall clock by as many seconds as a file says: eight
// bytes of a signed integer, that LOODS_TEST_CLOCK names and a test changes while the process runs. What measures lengths
// of time goes on.
