/** A program that uses Chaku; nothing but this line is asked of it. */
module dev.chaku.example {
    requires dev.chaku;
}
