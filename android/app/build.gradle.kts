import org.jetbrains.kotlin.gradle.dsl.JvmTarget

plugins {
    alias(libs.plugins.android.application)
    alias(libs.plugins.kotlin.android)
    alias(libs.plugins.kotlin.compose)
}

val workspace: Directory = rootProject.layout.projectDirectory.dir("..")
val phoneAbis = listOf("arm64-v8a", "armeabi-v7a", "x86_64")

/** Generates the Kotlin side of the engine; it belongs to one build of the library and is never committed. */
abstract class GenerateBindings @Inject constructor(private val exec: ExecOperations) : DefaultTask() {
    @get:Internal
    abstract val repository: DirectoryProperty

    @get:OutputDirectory
    abstract val kotlin: DirectoryProperty

    @TaskAction
    fun run() {
        exec.exec {
            workingDir = repository.get().asFile
            commandLine("scripts/bindings", temporaryDir.path)
        }
        val generated = temporaryDir.resolve("org")
        generated.copyRecursively(kotlin.get().asFile.resolve("org"), overwrite = true)
    }
}

/** Builds the engine for phones with cargo-ndk: https://github.com/bbqsrc/cargo-ndk */
abstract class BuildEngine @Inject constructor(private val exec: ExecOperations) : DefaultTask() {
    @get:Internal
    abstract val repository: DirectoryProperty

    @get:Input
    abstract val abis: ListProperty<String>

    @get:Input
    abstract val minSdk: Property<Int>

    @get:OutputDirectory
    abstract val libraries: DirectoryProperty

    @TaskAction
    fun run() {
        val targets = abis.get().flatMap { listOf("--target", it) }
        val out = listOf("--platform", minSdk.get().toString(), "--output-dir", libraries.get().asFile.path)
        exec.exec {
            workingDir = repository.get().asFile
            // Android 15 has devices with pages of 16 KB.
            environment("RUSTFLAGS", "-C link-arg=-Wl,-z,max-page-size=16384")
            commandLine(listOf("cargo", "ndk") + targets + out + listOf("build", "--release", "--package", "verifier-core"))
        }
    }
}

android {
    namespace = "org.vouchsafe.app"
    compileSdk = libs.versions.compileSdk.get().toInt()

    defaultConfig {
        applicationId = "org.vouchsafe.app"
        minSdk = libs.versions.minSdk.get().toInt()
        targetSdk = libs.versions.targetSdk.get().toInt()
        versionCode = 1
        versionName = "0.1.0"
        ndk { abiFilters += phoneAbis }
    }

    androidResources { localeFilters += listOf("en", "fr", "ar") }
    buildFeatures { compose = true }

    signingConfigs {
        val keystore = providers.environmentVariable("VOUCHSAFE_KEYSTORE")
        if (keystore.isPresent) {
            create("release") {
                storeFile = file(keystore.get())
                storePassword = providers.environmentVariable("VOUCHSAFE_KEYSTORE_PASSWORD").get()
                keyAlias = providers.environmentVariable("VOUCHSAFE_KEY_ALIAS").get()
                keyPassword = providers.environmentVariable("VOUCHSAFE_KEY_PASSWORD").get()
            }
        }
    }

    buildTypes {
        release {
            isMinifyEnabled = true
            isShrinkResources = true
            proguardFiles(getDefaultProguardFile("proguard-android-optimize.txt"), "proguard-rules.pro")
            signingConfig = signingConfigs.findByName("release")
        }
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
}

kotlin {
    compilerOptions { jvmTarget = JvmTarget.JVM_17 }
}

val generateBindings by tasks.registering(GenerateBindings::class) {
    repository = workspace
    kotlin = layout.buildDirectory.dir("generated/bindings")
    // Cargo knows what is stale.
    outputs.upToDateWhen { false }
}

val buildEngine by tasks.registering(BuildEngine::class) {
    repository = workspace
    abis = phoneAbis
    minSdk = libs.versions.minSdk.get().toInt()
    libraries = layout.buildDirectory.dir("generated/engine")
    outputs.upToDateWhen { false }
}

androidComponents {
    onVariants { variant ->
        variant.sources.java?.addGeneratedSourceDirectory(generateBindings, GenerateBindings::kotlin)
        variant.sources.jniLibs?.addGeneratedSourceDirectory(buildEngine, BuildEngine::libraries)
    }
}

dependencies {
    implementation(libs.activity.compose)
    implementation(libs.camera.camera2)
    implementation(libs.camera.core)
    implementation(libs.camera.lifecycle)
    implementation(libs.camera.view)
    implementation(libs.compose.foundation)
    implementation(libs.compose.icons)
    implementation(libs.compose.material3)
    implementation(libs.compose.ui)
    implementation(libs.core.ktx)
    implementation(libs.coroutines.android)
    implementation(variantOf(libs.jna) { artifactType("aar") })
    implementation(libs.lifecycle.runtime.compose)
    implementation(libs.lifecycle.viewmodel.compose)
    implementation(libs.okhttp)
    implementation(libs.work.runtime)
}
