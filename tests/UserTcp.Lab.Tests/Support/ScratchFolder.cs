namespace UserTcp.Lab.Tests.Support;

/// <summary>
/// A folder for one test, removed at its end. Those that a killed process left are removed by the next one.
/// </summary>
internal sealed class ScratchFolder : IDisposable
{
    private const string Prefix = "utcp-lab-";
    private static int s_count;

    static ScratchFolder()
    {
        foreach (string old in Directory.GetDirectories(System.IO.Path.GetTempPath(), Prefix + "*"))
        {
            string owner = System.IO.Path.GetFileName(old)[Prefix.Length..].Split('-')[0];
            if (int.TryParse(owner, out int pid) && !Directory.Exists($"/proc/{pid}"))
                Directory.Delete(old, recursive: true);
        }
    }

    public ScratchFolder()
    {
        string name = $"{Prefix}{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}";
        Path = Directory.CreateDirectory(System.IO.Path.Combine(System.IO.Path.GetTempPath(), name)).FullName;
    }

    public string Path { get; }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Makes a folder in it.</summary>
    public string Folder(string name) => Directory.CreateDirectory(File(name)).FullName;

    /// <summary>Removes it, unless <c>USERTCP_LAB_KEEP=1</c> asks to keep captures and logs for a look.</summary>
    public void Dispose()
    {
        if (Environment.GetEnvironmentVariable("USERTCP_LAB_KEEP") != "1")
            Directory.Delete(Path, recursive: true);
    }
}
