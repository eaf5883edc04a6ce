package androidx.camera.core;

public final class Preview extends UseCase {
    private Preview() {}

    public void setSurfaceProvider(SurfaceProvider provider) {
        throw new UnsupportedOperationException("CameraX is not here");
    }

    public interface SurfaceProvider {}

    public static final class Builder {
        public Preview build() {
            throw new UnsupportedOperationException("CameraX is not here");
        }
    }
}
