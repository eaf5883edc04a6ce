package androidx.camera.core;

import androidx.camera.core.resolutionselector.ResolutionSelector;
import java.util.concurrent.Executor;

public final class ImageAnalysis extends UseCase {
    public static final int STRATEGY_KEEP_ONLY_LATEST = 0;

    private ImageAnalysis() {}

    public void setAnalyzer(Executor executor, Analyzer analyzer) {
        throw new UnsupportedOperationException("CameraX is not here");
    }

    public void clearAnalyzer() {
        throw new UnsupportedOperationException("CameraX is not here");
    }

    public interface Analyzer {
        void analyze(ImageProxy image);
    }

    public static final class Builder {
        public Builder setBackpressureStrategy(int strategy) {
            throw new UnsupportedOperationException("CameraX is not here");
        }

        public Builder setResolutionSelector(ResolutionSelector selector) {
            throw new UnsupportedOperationException("CameraX is not here");
        }

        public ImageAnalysis build() {
            throw new UnsupportedOperationException("CameraX is not here");
        }
    }
}
