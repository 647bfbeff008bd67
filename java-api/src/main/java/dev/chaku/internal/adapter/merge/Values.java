package dev.chaku.internal.adapter.merge;

/** The values of a matrix, which can be gone through any number of times in the same order. */
interface Values {
    /** Takes some of them. */
    interface Visitor {
        void visit(double[] values, int from, int count);
    }

    /** The number of values. */
    long count();

    void forEach(Visitor visitor);

    /** The same with some of them, from all over the matrix; all where they are at hand. */
    void forSome(Visitor visitor);

    /** Those of an array. */
    static Values of(double[] values) {
        return new Values() {
            @Override
            public long count() {
                return values.length;
            }

            @Override
            public void forEach(Visitor visitor) {
                visitor.visit(values, 0, values.length);
            }

            @Override
            public void forSome(Visitor visitor) {
                forEach(visitor);
            }
        };
    }
}
