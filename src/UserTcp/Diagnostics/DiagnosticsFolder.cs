using System.Net.Sockets;

#if !COMPANION
namespace UserTcp.Diagnostics;
#else
namespace UserTcp.Tool.Sockets; // the tool looks there for endpoints, and compiles this file
#endif

/// <summary>
/// Where the sockets of diagnostics endpoints are. A folder of the user's own: nobody else can put anything there
/// first, as in the system's folder for temporary files.
/// </summary>
internal static class DiagnosticsFolder
{
    /// <summary>The end of a socket's name; its beginning is the number of the process.</summary>
    public const string Extension = ".sock";

    private const string Name = "usertcp";
    private const string RuntimeVariable = "XDG_RUNTIME_DIR";
    private const UnixFileMode OwnerOnly =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>
    /// The folders in which this user's endpoints may be, the preferred one first. A service and a shell of the same
    /// user may differ in the variable.
    /// </summary>
    public static IReadOnlyList<string> Candidates()
    {
        List<string> folders = [];
        if (!OperatingSystem.IsWindows() && Environment.GetEnvironmentVariable(RuntimeVariable) is { Length: > 0 } run
            && Path.IsPathRooted(run) && Directory.Exists(run))
        {
            folders.Add(Path.Combine(run, Name));
        }

        string data = Environment.GetFolderPath(
            Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        if (data.Length > 0)
            folders.Add(Path.Combine(data, Name));
        return folders;
    }

    /// <summary>Makes the folder, if there is none, and removes sockets that nobody listens on any more.</summary>
    /// <exception cref="UnauthorizedAccessException">Others than the owner may use it.</exception>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static void Prepare(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder); // the profile is the user's alone
        }
        else
        {
            Directory.CreateDirectory(folder, OwnerOnly);
            UnixFileMode others = File.GetUnixFileMode(folder) & ~OwnerOnly;
            if (others != 0)
            {
                throw new UnauthorizedAccessException(
                    $"The folder '{folder}' is open to others ({others}), who could replace the socket in it: "
                    + $"'chmod 700 {folder}', or name another folder.");
            }
        }

        foreach (string path in Directory.EnumerateFiles(folder, "*" + Extension))
        {
            if (IsStale(path))
                File.Delete(path);
        }
    }

    /// <summary>Whether nobody listens on a socket: its process ended without removing it.</summary>
    public static bool IsStale(string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Blocking = false; // a process that stands still, with a full queue, is alive
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return false;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode == SocketError.ConnectionRefused;
        }
        catch (ArgumentException)
        {
            return false; // a name that is too long for a socket: no socket of ours
        }
    }
}
