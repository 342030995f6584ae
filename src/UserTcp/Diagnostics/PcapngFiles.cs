using System.Globalization;

namespace UserTcp.Diagnostics;

/// <summary>The files of a recording, one after the other.</summary>
internal sealed class PcapngFiles(string path, bool isNumbered, int? keep)
{
    private readonly Queue<string> _written = new();
    private int _number;

    public FileStream Next()
    {
        string name = isNumbered ? Numbered(++_number) : path;
        var stream = new FileStream(name, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        _written.Enqueue(name);
        while (_written.Count > (keep ?? int.MaxValue))
        {
            File.Delete(_written.Dequeue());
        }

        return stream;
    }

    private string Numbered(int number) => Path.ChangeExtension(
        path, number.ToString("D5", CultureInfo.InvariantCulture) + Path.GetExtension(path));
}
