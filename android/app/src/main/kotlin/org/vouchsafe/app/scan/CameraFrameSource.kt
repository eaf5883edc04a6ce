package org.vouchsafe.app.scan

import android.content.Context
import android.content.pm.PackageManager
import android.util.Size
import androidx.camera.core.Camera
import androidx.camera.core.CameraSelector
import androidx.camera.core.FocusMeteringAction
import androidx.camera.core.ImageAnalysis
import androidx.camera.core.ImageProxy
import androidx.camera.core.Preview
import androidx.camera.core.resolutionselector.ResolutionSelector
import androidx.camera.core.resolutionselector.ResolutionStrategy
import androidx.camera.lifecycle.ProcessCameraProvider
import androidx.camera.view.PreviewView
import androidx.compose.foundation.gestures.detectTapGestures
import androidx.compose.foundation.gestures.detectTransformGestures
import androidx.compose.runtime.Composable
import androidx.compose.runtime.DisposableEffect
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableFloatStateOf
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.rememberUpdatedState
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.input.pointer.pointerInput
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.viewinterop.AndroidView
import androidx.core.content.ContextCompat
import androidx.lifecycle.LifecycleOwner
import androidx.lifecycle.compose.LocalLifecycleOwner
import java.util.concurrent.ExecutorService
import java.util.concurrent.Executors
import org.vouchsafe.core.Crop
import org.vouchsafe.core.FrameLayout
import org.vouchsafe.core.Rotation

/** The main camera on the back, by CameraX. The only file that knows CameraX. */
class CameraFrameSource(context: Context) : FrameSource {
    override val present = context.packageManager.hasSystemFeature(PackageManager.FEATURE_CAMERA_ANY)

    @Composable
    override fun Viewfinder(torch: Boolean, onTorchFound: (Boolean) -> Unit, onFrame: (Frame) -> Unit, modifier: Modifier) {
        val context = LocalContext.current
        val owner = LocalLifecycleOwner.current
        val view = remember { PreviewView(context) }
        val newest by rememberUpdatedState(onFrame)
        var camera by remember { mutableStateOf<Camera?>(null) }
        DisposableEffect(owner) {
            val session = Session(context, owner, view) { newest(it) }
            session.open {
                camera = it
                onTorchFound(it.cameraInfo.hasFlashUnit())
            }
            onDispose {
                camera = null
                session.close()
            }
        }
        LaunchedEffect(camera, torch) { camera?.takeIf { it.cameraInfo.hasFlashUnit() }?.cameraControl?.enableTorch(torch) }
        var zoom by remember { mutableFloatStateOf(LEAST_ZOOM) }
        val focusByTap = Modifier.pointerInput(camera) {
            detectTapGestures { at ->
                val point = view.meteringPointFactory.createPoint(at.x, at.y)
                camera?.cameraControl?.startFocusAndMetering(FocusMeteringAction.Builder(point).build())
            }
        }
        val zoomByPinch = Modifier.pointerInput(camera) {
            detectTransformGestures { _, _, by, _ ->
                zoom = (zoom * by).coerceIn(LEAST_ZOOM, MOST_ZOOM)
                camera?.cameraControl?.setZoomRatio(zoom)
            }
        }
        AndroidView({ view }, modifier.then(focusByTap).then(zoomByPinch))
    }

    /** One time that the viewfinder is on the screen. */
    private class Session(
        private val context: Context,
        private val owner: LifecycleOwner,
        private val view: PreviewView,
        private val onFrame: (Frame) -> Unit,
    ) {
        private val worker: ExecutorService = Executors.newSingleThreadExecutor()
        private val preview = Preview.Builder().build()
        private val analysis = ImageAnalysis.Builder()
            .setBackpressureStrategy(ImageAnalysis.STRATEGY_KEEP_ONLY_LATEST)
            .setResolutionSelector(
                ResolutionSelector.Builder()
                    .setResolutionStrategy(
                        ResolutionStrategy(Size(1280, 720), ResolutionStrategy.FALLBACK_RULE_CLOSEST_HIGHER_THEN_LOWER),
                    ).build(),
            ).build()
        private var closed = false

        fun open(onOpen: (Camera) -> Unit) {
            val provider = ProcessCameraProvider.getInstance(context)
            provider.addListener({
                if (!closed) {
                    preview.setSurfaceProvider(view.surfaceProvider)
                    analysis.setAnalyzer(worker) { image -> image.use { onFrame(it.lumaFrame()) } }
                    onOpen(provider.get().bindToLifecycle(owner, CameraSelector.DEFAULT_BACK_CAMERA, preview, analysis))
                }
            }, ContextCompat.getMainExecutor(context))
        }

        fun close() {
            closed = true
            // In this order, since a surface or an analyzer that is left behind keeps the screen in memory.
            analysis.clearAnalyzer()
            preview.setSurfaceProvider(null)
            val provider = ProcessCameraProvider.getInstance(context)
            provider.addListener({ provider.get().unbind(preview, analysis) }, ContextCompat.getMainExecutor(context))
            worker.shutdown()
        }
    }

    private companion object {
        /** Below 1, phones that have an ultra-wide lens take it, and blur what is near. */
        const val LEAST_ZOOM = 1f
        const val MOST_ZOOM = 4f
    }
}

private fun ImageProxy.lumaFrame(): Frame {
    val plane = planes[0]
    check(plane.pixelStride == 1) { "the luma plane's pixels are ${plane.pixelStride} bytes apart" }
    val crop = cropRect
    val rotation = when (imageInfo.rotationDegrees) {
        90 -> Rotation.QUARTER
        180 -> Rotation.HALF
        270 -> Rotation.THREE_QUARTERS
        else -> Rotation.NONE
    }
    return Frame(
        plane.buffer,
        FrameLayout(
            width = width.toUInt(),
            height = height.toUInt(),
            rowStride = plane.rowStride.toUInt(),
            crop = Crop(crop.left.toUInt(), crop.top.toUInt(), crop.width().toUInt(), crop.height().toUInt()),
            rotation = rotation,
        ),
    )
}
