package androidx.camera.core.resolutionselector;

public final class ResolutionSelector {
    private ResolutionSelector() {}

    public static final class Builder {
        public Builder setResolutionStrategy(ResolutionStrategy strategy) {
            throw new UnsupportedOperationException("CameraX is not here");
        }

        public ResolutionSelector build() {
            throw new UnsupportedOperationException("CameraX is not here");
        }
    }
}
