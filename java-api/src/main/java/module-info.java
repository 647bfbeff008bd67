/** Fine-tunes and runs GGUF language models over Chaku's native core. */
module dev.chaku {
  requires org.bytedeco.javacpp;
  requires com.fasterxml.jackson.core;
  requires static org.jspecify;

  exports dev.chaku;
  exports dev.chaku.generate;
  exports dev.chaku.data;
  exports dev.chaku.data.doctor;
  exports dev.chaku.gguf;
  exports dev.chaku.text;
  exports dev.chaku.text.template;
  exports dev.chaku.train;

  uses dev.chaku.data.RecordSource;
}
