package androidx.camera.core;

public abstract class MeteringPointFactory {
    public final MeteringPoint createPoint(float x, float y) {
        throw new UnsupportedOperationException("CameraX is not here");
    }
}
