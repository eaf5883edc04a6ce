package org.vouchsafe.app

import android.content.Intent
import android.net.Uri
import android.os.Bundle
import androidx.activity.ComponentActivity
import androidx.activity.compose.setContent
import androidx.activity.enableEdgeToEdge
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.getValue
import androidx.core.content.IntentCompat
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import kotlinx.coroutines.flow.MutableStateFlow
import org.vouchsafe.app.ui.App
import org.vouchsafe.app.ui.VouchsafeTheme

/** The one activity. A picture or a page that another app shares is looked at as one that was opened here. */
class MainActivity : ComponentActivity() {
    private val shared = MutableStateFlow<String?>(null)

    override fun onCreate(savedInstanceState: Bundle?) {
        enableEdgeToEdge()
        super.onCreate(savedInstanceState)
        val container = (application as VouchsafeApplication).container
        if (savedInstanceState == null) {
            shared.value = sharedBy(intent)
            container.syncScheduler.schedule()
        }
        setContent {
            val picture by shared.collectAsStateWithLifecycle()
            CompositionLocalProvider(LocalAppContainer provides container) {
                val strongContrast by container.settings.strongContrast.collectAsStateWithLifecycle()
                VouchsafeTheme(strongContrast) { App(picture, onSharedConsumed = { shared.value = null }) }
            }
        }
    }

    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        sharedBy(intent)?.let { shared.value = it }
    }

    private fun sharedBy(intent: Intent): String? {
        if (intent.action != Intent.ACTION_SEND) return null
        return IntentCompat.getParcelableExtra(intent, Intent.EXTRA_STREAM, Uri::class.java)?.toString()
    }
}
