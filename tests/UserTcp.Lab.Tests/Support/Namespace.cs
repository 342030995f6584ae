using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace UserTcp.Lab.Tests.Support;

/// <summary>
/// A Linux network namespace of our own, with the loopback up and IPv6 off. Removed on disposal, at the end of the
/// process, and, if the process was killed, by the next one that makes a namespace.
/// </summary>
internal sealed partial class NetworkNamespace : IDisposable
{
    private const string Prefix = "utcp-";
    private const string Folder = "/run/netns";
    private const int CloneNewNet = 0x4000_0000;
    private static readonly ConcurrentDictionary<string, NetworkNamespace> s_alive = new();
    private static int s_count;
    private readonly ConcurrentBag<Process> _processes = [];

    static NetworkNamespace()
    {
        AppDomain.CurrentDomain.ProcessExit += (_, _) => DisposeAll();
        DeleteOrphans();
    }

    private NetworkNamespace(string name) => Name = name;

    /// <summary>As <c>ip netns</c> knows it.</summary>
    public string Name { get; }

    /// <summary>Makes a namespace.</summary>
    /// <param name="purpose">A word for its name.</param>
    public static NetworkNamespace Create(string purpose = "net")
    {
        LabEnvironment.ThrowIfMissing();
        var created = new NetworkNamespace(UniqueName(purpose));
        Shell.Run($"ip netns add {created.Name}");
        s_alive[created.Name] = created;
        created.Exec("ip link set lo up");
        created.Exec("for f in all default; do f=/proc/sys/net/ipv6/conf/$f/disable_ipv6; "
            + "if [ -e $f ]; then echo 1 > $f; fi; done");
        return created;
    }

    /// <summary>
    /// Runs the action on a thread of its own inside the namespace. Sockets and devices opened there stay in the
    /// namespace, whoever uses them later. <c>/sys</c> still shows the namespace of the process.
    /// </summary>
    public void Run(Action action) => Run(() =>
    {
        action();
        return true;
    });

    /// <summary>The same for a function.</summary>
    public T Run<T>(Func<T> function) => RunIn(Name, function);

    /// <summary>The same in a namespace that another process may have made.</summary>
    public static T RunIn<T>(string name, Func<T> function)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Enter(name);
                result = function();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    /// <summary>Runs a shell command inside to its end and returns what it printed; throws if it fails.</summary>
    public string Exec(string command) => Shell.Run(Inside(command));

    /// <summary>The same, but a failure is a result.</summary>
    public ShellResult TryExec(string command) => Shell.TryRun(Inside(command));

    /// <summary>
    /// Starts a program inside, with its output redirected; killed and disposed of with the namespace.
    /// </summary>
    public Process Start(string program, params string[] arguments)
    {
        Process process = Shell.Start("ip", ["netns", "exec", Name, program, .. arguments]);
        _processes.Add(process);
        return process;
    }

    public void Dispose()
    {
        if (!s_alive.TryRemove(Name, out _))
            return;

        try
        {
            foreach (Process process in _processes)
                Kill(process);
        }
        finally
        {
            Shell.Run($"ip netns delete {Name}");
        }
    }

    internal static string UniqueName(string purpose) =>
        $"{Prefix}{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}-{purpose}";

    private static void Kill(Process process)
    {
        using (process)
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }
    }

    private static void DisposeAll()
    {
        foreach (NetworkNamespace left in s_alive.Values)
            left.Dispose();
    }

    // Only names of this class whose process no longer lives; the programs that it started in them go with them.
    private static void DeleteOrphans()
    {
        if (!Directory.Exists(Folder))
            return;

        foreach (string path in Directory.GetFiles(Folder, Prefix + "*"))
        {
            string name = Path.GetFileName(path);
            string owner = name[Prefix.Length..].Split('-')[0];
            if (int.TryParse(owner, out int pid) && !Directory.Exists($"/proc/{pid}"))
                Shell.TryRun($"ip netns pids {name} | xargs -r kill -9; ip netns delete {name}");
        }
    }

    private string Inside(string command) => $"ip netns exec {Name} sh -c '{command.Replace("'", "'\\''")}'";

    private static void Enter(string name)
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle handle = File.OpenHandle(Path.Combine(Folder, name));
        if (SetNamespace((int)handle.DangerousGetHandle(), CloneNewNet) != 0)
            throw new InvalidOperationException($"setns({name}): {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(int fileDescriptor, int type);
}
