package androidx.camera.core;

public final class FocusMeteringAction {
    private FocusMeteringAction() {}

    public static class Builder {
        public Builder(MeteringPoint point) {}

        public FocusMeteringAction build() {
            throw new UnsupportedOperationException("CameraX is not here");
        }
    }
}
