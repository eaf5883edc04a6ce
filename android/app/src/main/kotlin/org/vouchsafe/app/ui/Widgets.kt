package org.vouchsafe.app.ui

import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.imePadding
import androidx.compose.foundation.layout.navigationBarsPadding
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.foundation.verticalScroll
import androidx.compose.material.icons.Icons
import androidx.compose.material.icons.automirrored.filled.ArrowBack
import androidx.compose.material3.Button
import androidx.compose.material3.ExperimentalMaterial3Api
import androidx.compose.material3.Icon
import androidx.compose.material3.IconButton
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.Scaffold
import androidx.compose.material3.Text
import androidx.compose.material3.TopAppBar
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import org.vouchsafe.app.R
import org.vouchsafe.core.EngineException

/** The one thing to do next. */
@Composable
fun MainButton(text: String, onClick: () -> Unit, modifier: Modifier = Modifier, enabled: Boolean = true) {
    Button(onClick, modifier.fillMaxWidth().heightIn(min = 56.dp), enabled, shape = RoundedCornerShape(12.dp)) {
        Text(text, textAlign = TextAlign.Center)
    }
}

/** Another thing that can be done. */
@Composable
fun SideButton(text: String, onClick: () -> Unit, modifier: Modifier = Modifier) {
    OutlinedButton(onClick, modifier.fillMaxWidth().heightIn(min = 56.dp), shape = RoundedCornerShape(12.dp)) {
        Text(text, textAlign = TextAlign.Center)
    }
}

/** A screen of its own, with its name, a way back, content that scrolls, and actions that stay in reach of the thumb. */
@OptIn(ExperimentalMaterial3Api::class)
@Composable
fun Page(
    title: String,
    onBack: (() -> Unit)?,
    actions: (@Composable ColumnScope.() -> Unit)? = null,
    content: @Composable ColumnScope.() -> Unit,
) {
    Scaffold(
        topBar = {
            TopAppBar(
                title = { Text(title, Modifier.semantics { heading() }) },
                navigationIcon = {
                    if (onBack != null) {
                        IconButton(onBack) { Icon(Icons.AutoMirrored.Filled.ArrowBack, stringResource(R.string.back)) }
                    }
                },
            )
        },
        bottomBar = {
            if (actions != null) {
                Column(Modifier.navigationBarsPadding().imePadding().padding(16.dp), Arrangement.spacedBy(8.dp), content = actions)
            }
        },
    ) { inner ->
        Column(
            Modifier.padding(inner).verticalScroll(rememberScrollState()).padding(horizontal = 16.dp, vertical = 8.dp),
            Arrangement.spacedBy(16.dp),
            content = content,
        )
    }
}

/** What something is, and what it says. */
@Composable
fun Fact(name: String, value: String, modifier: Modifier = Modifier) {
    Column(modifier.semantics(mergeDescendants = true) {}) {
        Text(name, style = MaterialTheme.typography.bodyMedium, color = MaterialTheme.colorScheme.onSurfaceVariant)
        Text(value, style = MaterialTheme.typography.bodyLarge)
    }
}

/** A coloured band that nobody overlooks. */
@Composable
fun Band(signal: Signal, text: String, modifier: Modifier = Modifier) {
    Box(modifier.fillMaxWidth().background(signal.ground, RoundedCornerShape(12.dp)).padding(16.dp)) {
        Text(text, color = signal.text, style = MaterialTheme.typography.bodyLarge)
    }
}

/** Broken machinery: what kind, what it said, and that nothing was recorded. */
@Composable
fun Trouble(trouble: EngineException, modifier: Modifier = Modifier) {
    val kind = when (trouble) {
        is EngineException.Storage -> R.string.trouble_storage
        is EngineException.Enrolment -> R.string.trouble_enrolment
        is EngineException.NotAllowed -> R.string.trouble_not_allowed
        is EngineException.KeyStore -> R.string.trouble_keys
        is EngineException.Frame -> R.string.trouble_camera
        is EngineException.Machinery, is EngineException.Argument -> R.string.trouble_machinery
    }
    Band(Signal.Bad, "${stringResource(kind)}\n${trouble.message}", modifier)
}

/** Two ends of one line. */
@Composable
fun Between(start: String, end: String) {
    Row(Modifier.fillMaxWidth(), Arrangement.SpaceBetween, Alignment.CenterVertically) {
        Text(start, Modifier.weight(1f), style = MaterialTheme.typography.bodyLarge)
        Text(end, style = MaterialTheme.typography.titleMedium)
    }
}
