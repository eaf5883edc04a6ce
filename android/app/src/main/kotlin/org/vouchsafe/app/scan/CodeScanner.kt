package org.vouchsafe.app.scan

import android.Manifest
import android.content.Context
import android.content.Intent
import android.content.pm.PackageManager
import android.net.Uri
import android.provider.Settings
import androidx.activity.compose.rememberLauncherForActivityResult
import androidx.activity.result.contract.ActivityResultContracts
import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.FilledTonalButton
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.DisposableEffect
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.platform.LocalView
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import androidx.core.content.ContextCompat
import androidx.lifecycle.Lifecycle
import androidx.lifecycle.compose.LifecycleEventEffect
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.vouchsafe.app.LocalAppContainer
import org.vouchsafe.app.R
import org.vouchsafe.app.ui.Banner
import org.vouchsafe.app.ui.ErrorMessage
import org.vouchsafe.app.ui.PrimaryButton
import org.vouchsafe.app.ui.SecondaryButton
import org.vouchsafe.app.ui.Signal
import org.vouchsafe.core.HowRead

/**
 * Scans a code by camera, or in a picture where there is no camera or no permission to use it; [hint] says which code, [shared] is a
 * picture that another app sent, and [onType] leads to where a code that cannot be read is typed.
 */
@Composable
fun CodeScanner(
    hint: String,
    modifier: Modifier = Modifier,
    shared: String? = null,
    onSharedConsumed: () -> Unit = {},
    onType: (() -> Unit)? = null,
    onFound: (Found) -> Unit,
) {
    val container = LocalAppContainer.current
    val model = viewModel { ScanModel(container.pictureReader) }
    val state by model.state.collectAsStateWithLifecycle()
    LaunchedEffect(Unit) { model.shown() }
    LaunchedEffect(shared) {
        shared?.let {
            onSharedConsumed()
            model.picture(it, HowRead.SHARED)
        }
    }
    LaunchedEffect(state.found) {
        state.found?.let {
            model.consumed()
            onFound(it)
        }
    }

    val context = LocalContext.current
    var allowed by remember { mutableStateOf(context.mayUseCamera()) }
    LifecycleEventEffect(Lifecycle.Event.ON_RESUME) { allowed = context.mayUseCamera() }
    val pick = rememberLauncherForActivityResult(ActivityResultContracts.OpenDocument()) { file ->
        file?.let { model.picture(it.toString(), HowRead.PICTURE) }
    }
    val openPicture = { pick.launch(arrayOf("image/*", "application/pdf")) }

    if (container.frames.present && allowed) {
        CameraPreview(hint, state, model, openPicture, onType, modifier)
    } else {
        NoCamera(container.frames.present, state, openPicture, onType, modifier, onAllowed = { allowed = true })
    }
}

@Composable
private fun CameraPreview(
    hint: String,
    state: ScanState,
    model: ScanModel,
    openPicture: () -> Unit,
    onType: (() -> Unit)?,
    modifier: Modifier,
) {
    val view = LocalView.current
    DisposableEffect(view) {
        view.keepScreenOn = true
        onDispose {
            view.keepScreenOn = false
            model.hidden()
        }
    }
    Box(modifier.fillMaxSize().background(Color.Black)) {
        LocalAppContainer.current.frames.Viewfinder(state.torch, model::torchFound, model::frame, Modifier.fillMaxSize())
        Text(
            hint,
            Modifier.align(Alignment.TopCenter).fillMaxWidth().background(Color(0xB3000000)).padding(20.dp),
            color = Color.White,
            style = MaterialTheme.typography.titleLarge,
            textAlign = TextAlign.Center,
        )
        Column(Modifier.align(Alignment.BottomCenter).padding(16.dp), Arrangement.spacedBy(8.dp), Alignment.CenterHorizontally) {
            Messages(state)
            if (state.hasTorch) {
                FloatingButton(stringResource(if (state.torch) R.string.torch_off else R.string.torch_on), model::toggleTorch)
            }
            FloatingButton(stringResource(R.string.open_picture), openPicture)
            onType?.let { FloatingButton(stringResource(R.string.type_reference), it) }
        }
    }
}

/** Over the camera's picture: no wider than it must be. */
@Composable
private fun FloatingButton(text: String, onClick: () -> Unit) {
    FilledTonalButton(onClick) { Text(text, textAlign = TextAlign.Center) }
}

/** No camera, or no permission to use it: everything works from pictures all the same. */
@Composable
private fun NoCamera(
    present: Boolean,
    state: ScanState,
    openPicture: () -> Unit,
    onType: (() -> Unit)?,
    modifier: Modifier,
    onAllowed: () -> Unit,
) {
    val context = LocalContext.current
    var refused by remember { mutableStateOf(false) }
    val ask = rememberLauncherForActivityResult(ActivityResultContracts.RequestPermission()) { granted ->
        if (granted) onAllowed() else refused = true
    }
    Column(
        modifier.fillMaxSize().verticalScroll(rememberScrollState()).padding(24.dp),
        Arrangement.spacedBy(16.dp, Alignment.CenterVertically),
    ) {
        val why = when {
            !present -> R.string.camera_missing
            refused -> R.string.camera_refused
            else -> R.string.camera_needed
        }
        Text(stringResource(why), style = MaterialTheme.typography.titleLarge)
        Messages(state)
        if (present && refused) {
            val settings = Intent(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, Uri.fromParts("package", context.packageName, null))
            PrimaryButton(stringResource(R.string.open_settings), { context.startActivity(settings) })
        } else if (present) {
            PrimaryButton(stringResource(R.string.allow_camera), { ask.launch(Manifest.permission.CAMERA) })
        }
        SecondaryButton(stringResource(R.string.open_picture), openPicture)
        onType?.let { SecondaryButton(stringResource(R.string.type_reference), it) }
    }
}

@Composable
private fun Messages(state: ScanState) {
    if (state.reading) LinearProgressIndicator(Modifier.fillMaxWidth())
    if (state.nothingFound) Banner(Signal.Attention, stringResource(R.string.no_code_in_picture))
    state.error?.let { ErrorMessage(it) }
}

private fun Context.mayUseCamera() =
    ContextCompat.checkSelfPermission(this, Manifest.permission.CAMERA) == PackageManager.PERMISSION_GRANTED
