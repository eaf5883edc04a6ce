package org.vouchsafe.app.ui

import androidx.compose.foundation.background
import androidx.compose.foundation.clickable
import androidx.compose.foundation.horizontalScroll
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.imePadding
import androidx.compose.foundation.layout.navigationBarsPadding
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.statusBarsPadding
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.selection.toggleable
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.foundation.verticalScroll
import androidx.compose.material.icons.Icons
import androidx.compose.material.icons.automirrored.filled.ArrowBack
import androidx.compose.material3.Button
import androidx.compose.material3.FilterChip
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.Icon
import androidx.compose.material3.IconButton
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.Scaffold
import androidx.compose.material3.Switch
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import org.vouchsafe.app.R
import org.vouchsafe.core.EngineException

/** The one thing to do next. */
@Composable
fun PrimaryButton(text: String, onClick: () -> Unit, modifier: Modifier = Modifier, enabled: Boolean = true) {
    Button(onClick, modifier.fillMaxWidth().heightIn(min = 56.dp), enabled, shape = RoundedCornerShape(12.dp)) {
        Text(text, textAlign = TextAlign.Center)
    }
}

@Composable
fun SecondaryButton(text: String, onClick: () -> Unit, modifier: Modifier = Modifier, enabled: Boolean = true) {
    OutlinedButton(onClick, modifier.fillMaxWidth().heightIn(min = 56.dp), enabled, shape = RoundedCornerShape(12.dp)) {
        Text(text, textAlign = TextAlign.Center)
    }
}

/** A screen of its own, with its name, a way back, content that scrolls, and actions that stay in reach of the thumb. */
@Composable
fun Page(
    title: String,
    onBack: (() -> Unit)?,
    actions: (@Composable ColumnScope.() -> Unit)? = null,
    content: @Composable ColumnScope.() -> Unit,
) {
    val scroll = rememberScrollState()
    Scaffold(
        topBar = { TopBar(title, onBack) },
        bottomBar = { if (actions != null) Actions(moreAbove = scroll.canScrollForward, actions) },
    ) { inner ->
        Column(
            Modifier.fillMaxWidth().padding(inner).verticalScroll(scroll).padding(horizontal = 16.dp, vertical = 8.dp),
            Arrangement.spacedBy(16.dp),
            content = content,
        )
    }
}

/** What can be done, at the bottom; a line above it says that there is [moreAbove] to scroll to. */
@Composable
fun Actions(moreAbove: Boolean, actions: @Composable ColumnScope.() -> Unit) {
    Box(Modifier.navigationBarsPadding().imePadding()) {
        if (moreAbove) HorizontalDivider(thickness = 2.dp, color = MaterialTheme.colorScheme.outline)
        Column(Modifier.padding(16.dp), Arrangement.spacedBy(8.dp), content = actions)
    }
}

/** The name of a screen, however large its type, and the way back where there is one. */
@Composable
fun TopBar(title: String, onBack: (() -> Unit)? = null) {
    val start = if (onBack == null) 16.dp else 4.dp
    Row(
        Modifier.fillMaxWidth().statusBarsPadding().heightIn(min = 64.dp).padding(start, 8.dp, 16.dp, 8.dp),
        verticalAlignment = Alignment.CenterVertically,
    ) {
        if (onBack != null) {
            IconButton(onBack) { Icon(Icons.AutoMirrored.Filled.ArrowBack, stringResource(R.string.back)) }
        }
        Text(title, Modifier.semantics { heading() }, style = MaterialTheme.typography.headlineSmall)
    }
}

@Composable
fun LabelledValue(name: String, value: String, modifier: Modifier = Modifier) {
    Column(modifier.semantics(mergeDescendants = true) {}) {
        Text(name, style = MaterialTheme.typography.bodyMedium, color = MaterialTheme.colorScheme.onSurfaceVariant)
        Text(value, style = MaterialTheme.typography.bodyLarge)
    }
}

/** A coloured banner that nobody overlooks. */
@Composable
fun Banner(signal: Signal, text: String, modifier: Modifier = Modifier) {
    Box(modifier.fillMaxWidth().background(signal.background, RoundedCornerShape(12.dp)).padding(16.dp)) {
        Text(text, color = signal.text, style = MaterialTheme.typography.bodyLarge)
    }
}

/** Broken machinery: what kind, that nothing was recorded, and what it said. */
@Composable
fun ErrorMessage(error: EngineException, modifier: Modifier = Modifier) {
    val kind = when (error) {
        is EngineException.Storage -> R.string.error_storage
        is EngineException.Enrolment -> R.string.error_enrolment
        is EngineException.NotAllowed -> R.string.error_not_allowed
        is EngineException.KeyStore -> R.string.error_keys
        is EngineException.Frame -> R.string.error_camera
        is EngineException.Machinery, is EngineException.Argument -> R.string.error_machinery
    }
    Banner(Signal.Bad, withDetail(stringResource(kind), error.message.orEmpty()), modifier)
}

/** What staff are told, and below it the engine's own words, for those who help them. */
@Composable
fun withDetail(message: String, detail: String): String =
    "$message\n${stringResource(R.string.for_support, formats().isolateLtr(detail))}"

/** A label and its value at the two ends of one line; of two lines where the type is large. */
@OptIn(ExperimentalLayoutApi::class)
@Composable
fun SpacedRow(start: String, end: String) {
    FlowRow(Modifier.fillMaxWidth().semantics(mergeDescendants = true) {}, Arrangement.SpaceBetween) {
        Text(start, Modifier.padding(end = 8.dp), style = MaterialTheme.typography.bodyLarge)
        Text(end, style = MaterialTheme.typography.titleMedium)
    }
}

@Composable
fun SwitchRow(text: String, on: Boolean, onChange: (Boolean) -> Unit) {
    Row(
        Modifier.fillMaxWidth().toggleable(on, role = Role.Switch, onValueChange = onChange).heightIn(min = 56.dp),
        Arrangement.spacedBy(16.dp),
        Alignment.CenterVertically,
    ) {
        Text(text, Modifier.weight(1f), style = MaterialTheme.typography.bodyLarge)
        Switch(on, onCheckedChange = null)
    }
}

/** One of several, of which one is always chosen. */
@Composable
fun <T> FilterChips(choices: List<Pair<String, T>>, chosen: T, onChoose: (T) -> Unit) {
    Row(Modifier.horizontalScroll(rememberScrollState()).padding(16.dp, 4.dp), Arrangement.spacedBy(8.dp)) {
        for ((label, choice) in choices) {
            FilterChip(choice == chosen, { onChoose(choice) }, { Text(label) }, Modifier.heightIn(min = 48.dp))
        }
    }
}

/** The state of something, in a word or two. */
@Composable
fun Badge(signal: Signal, text: String, modifier: Modifier = Modifier) {
    Text(
        text,
        modifier.background(signal.background, RoundedCornerShape(8.dp)).padding(10.dp, 6.dp),
        color = signal.text,
        style = MaterialTheme.typography.labelLarge,
    )
}

/** One of a list, that leads to its screen: what it is, with a badge of its state beside that; below it, where the type is large. */
@OptIn(ExperimentalLayoutApi::class)
@Composable
fun ListRow(signal: Signal, badge: String, onClick: () -> Unit, title: String, body: String?, note: String) {
    FlowRow(
        Modifier.fillMaxWidth().clickable(onClick = onClick).heightIn(min = 72.dp).padding(16.dp, 12.dp),
        Arrangement.SpaceBetween,
        Arrangement.spacedBy(8.dp, Alignment.CenterVertically),
    ) {
        Column {
            Text(title, style = MaterialTheme.typography.titleLarge)
            body?.let { Text(it, style = MaterialTheme.typography.bodyLarge) }
            Text(note, style = MaterialTheme.typography.bodyMedium, color = MaterialTheme.colorScheme.onSurfaceVariant)
        }
        Badge(signal, badge, Modifier.align(Alignment.CenterVertically))
    }
    HorizontalDivider()
}
