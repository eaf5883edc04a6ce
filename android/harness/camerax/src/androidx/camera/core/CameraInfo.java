package androidx.camera.core;

public interface CameraInfo {
    boolean hasFlashUnit();
}
