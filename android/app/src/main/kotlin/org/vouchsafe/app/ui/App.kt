package org.vouchsafe.app.ui

import androidx.activity.compose.BackHandler
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.consumeWindowInsets
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.Icon
import androidx.compose.material3.NavigationBar
import androidx.compose.material3.NavigationBarItem
import androidx.compose.material3.Scaffold
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.saveable.rememberSaveableStateHolder
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalDensity
import androidx.compose.ui.res.painterResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.Density
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.createSavedStateHandle
import androidx.lifecycle.viewmodel.compose.LocalViewModelStoreOwner
import androidx.lifecycle.viewmodel.compose.viewModel
import org.vouchsafe.app.LocalAppContainer
import org.vouchsafe.app.R
import org.vouchsafe.app.claims.ClaimScreen
import org.vouchsafe.app.claims.ClaimsScreen
import org.vouchsafe.app.enrol.ConfirmScreen
import org.vouchsafe.app.enrol.EnrolScreen
import org.vouchsafe.app.health.HealthModel
import org.vouchsafe.app.health.HealthScreen
import org.vouchsafe.app.scan.CodeScanner
import org.vouchsafe.app.serve.ByReferenceScreen
import org.vouchsafe.app.serve.OverrideScreen
import org.vouchsafe.app.serve.ServeScreen
import org.vouchsafe.app.sync.BundleScreen
import org.vouchsafe.app.verdict.VerdictScreen
import org.vouchsafe.app.vouchers.VoucherScreen
import org.vouchsafe.app.vouchers.VouchersScreen
import org.vouchsafe.core.EngineException

/** The whole app: first a phone must be enrolled, and its digits confirmed or put off; then it serves. */
@Composable
fun App(shared: String?, onSharedConsumed: () -> Unit) {
    val container = LocalAppContainer.current
    val model = viewModel { HealthModel(container.phone) }
    val state by model.state.collectAsStateWithLifecycle()
    var confirmLater by rememberSaveable { mutableStateOf(false) }
    var anotherCode by rememberSaveable { mutableStateOf(false) }
    val health = state.health
    val digits = state.digits
    LaunchedEffect(health?.origin, health?.provider) { anotherCode = false }
    Surface(Modifier.fillMaxSize()) {
        when {
            health == null || digits == null -> Opening(state.error, model::readAgain)
            health.origin == null || anotherCode -> EnrolScreen()
            health.provider == null || !(health.confirmed || confirmLater) ->
                ConfirmScreen(health, digits, onAnotherCode = { anotherCode = true }, onGoOn = { confirmLater = true })
            else -> Screens(shared, onSharedConsumed)
        }
    }
}

@Composable
private fun Opening(error: EngineException?, onAgain: () -> Unit) {
    // Opening takes less time than a sign of waiting would take to be seen.
    if (error != null) {
        Page(stringResource(R.string.app_name), onBack = null, actions = { PrimaryButton(stringResource(R.string.try_again), onAgain) }) {
            ErrorMessage(error)
        }
    }
}

@Composable
private fun Screens(shared: String?, onSharedConsumed: () -> Unit) {
    val stack = viewModel { BackStack(createSavedStateHandle()) }
    val entries by stack.entries.collectAsStateWithLifecycle()
    val top = entries.last()
    val saved = rememberSaveableStateHolder()
    LaunchedEffect(shared) { if (shared != null) stack.goTo(Screen.Scan) }
    BackHandler(enabled = entries.size > 1 || top.screen != Screen.Scan) {
        if (!stack.pop()) stack.goTo(Screen.Scan)
    }
    val show = @Composable {
        saved.SaveableStateProvider(top.key) {
            CompositionLocalProvider(LocalViewModelStoreOwner provides top) { Show(top.screen, stack, shared, onSharedConsumed) }
        }
    }
    if (top.screen is Screen.Tab) {
        Scaffold(bottomBar = { Tabs(top.screen, stack::goTo) }) { inner ->
            Column(Modifier.padding(inner).consumeWindowInsets(inner)) { show() }
        }
    } else {
        show()
    }
}

@Composable
private fun Show(screen: Screen, stack: BackStack, shared: String?, onSharedConsumed: () -> Unit) {
    val container = LocalAppContainer.current
    val back: () -> Unit = { stack.pop() }
    val served: (String) -> Unit = {
        container.syncScheduler.schedule()
        stack.replaceAbove(Screen.Receipt(it))
    }
    when (screen) {
        Screen.Scan -> CodeScanner(
            stringResource(R.string.scan_voucher),
            shared = shared,
            onSharedConsumed = onSharedConsumed,
            onType = { stack.goTo(Screen.Vouchers) },
        ) {
            stack.push(Screen.Verdict(it.text, it.howRead))
        }
        Screen.Vouchers -> VouchersScreen { stack.push(Screen.Voucher(it)) }
        Screen.Claims -> ClaimsScreen { stack.push(Screen.Claim(it)) }
        Screen.Health -> HealthScreen(onBundle = { stack.push(Screen.Bundle) })
        Screen.Bundle -> BundleScreen(onBack = back)
        is Screen.Verdict -> VerdictScreen(
            screen.voucher,
            onServe = { stack.push(Screen.Serve(screen.voucher, screen.howRead)) },
            onOverride = { stack.push(Screen.Override(screen.voucher, screen.howRead)) },
            onSync = { stack.goTo(Screen.Health).also { container.syncManager.start() } },
            onDone = back,
        )
        is Screen.Serve -> ServeScreen(
            screen.voucher,
            screen.howRead,
            onServed = served,
            onRefused = { stack.replaceAbove(Screen.Verdict(screen.voucher, screen.howRead)) },
            onBack = back,
        )
        is Screen.Override -> OverrideScreen(
            screen.voucher,
            screen.howRead,
            onServed = served,
            onRefused = { stack.replaceAbove(Screen.Verdict(screen.voucher, screen.howRead)) },
            onBack = back,
        )
        is Screen.Receipt -> ClaimScreen(screen.claim, justServed = true, onDone = back)
        is Screen.Claim -> ClaimScreen(screen.claim, justServed = false, onDone = back)
        is Screen.Voucher -> VoucherScreen(
            screen.reference,
            onScan = { stack.goTo(Screen.Scan) },
            onClaim = { stack.push(Screen.Claim(it)) },
            onServeByReference = { stack.push(Screen.ServeByReference(screen.reference)) },
            onBack = back,
        )
        is Screen.ServeByReference -> ByReferenceScreen(
            screen.reference,
            onServed = served,
            onBack = back,
        )
    }
}

@Composable
fun Tabs(current: Screen, onGo: (Screen.Tab) -> Unit) {
    val density = LocalDensity.current
    val labels = Density(density.density, density.fontScale.coerceAtMost(LARGEST_LABEL))
    NavigationBar {
        for ((tab, name, icon) in tabs) {
            NavigationBarItem(
                selected = tab == current,
                onClick = { onGo(tab) },
                // The name is read out once, by the label.
                icon = { Icon(painterResource(icon), contentDescription = null) },
                label = { CompositionLocalProvider(LocalDensity provides labels) { Text(stringResource(name), maxLines = 1) } },
            )
        }
    }
}

/** Four names stand beside each other on the narrowest phone in letters no larger than this; the pictures say the same. */
private const val LARGEST_LABEL = 1f

private val tabs = listOf(
    Triple(Screen.Scan, R.string.scan, R.drawable.ic_scan),
    Triple(Screen.Vouchers, R.string.vouchers, R.drawable.ic_vouchers),
    Triple(Screen.Claims, R.string.claims, R.drawable.ic_claims),
    Triple(Screen.Health, R.string.health, R.drawable.ic_phone),
)
