// A memcpy( in a comment counts for nothing.
void touches(float* to, const float* from, Engine& engine) {
  memcpy(to, from, 4);
  std::copy_n(from, 1, to);
  ThreadPool& threads = engine.pool();
  threads.parallel_for(1, 1, [&](int64_t, int64_t, int) {});
}
