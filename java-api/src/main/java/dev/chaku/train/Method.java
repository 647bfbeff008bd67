package dev.chaku.train;

/** What of a model is trained, and how it is kept: an adapter, or the model itself. */
public sealed interface Method extends SettingGroup permits LoraConfig, FullTraining {}
